/** The text of the search box, for the next time that the reader opens the box. */
export const lastQuery = { text: "" };
