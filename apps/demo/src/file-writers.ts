/*
 * The writers of files. They are imported when a reader saves something. An import of all of
 * @gen/data would bind a room that needs one small part of it to the whole.
 */
export { writeNpy, writePng, writeSafetensors } from "@gen/data";
