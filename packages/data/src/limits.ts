/** The most bytes of a file and of its decoded arrays. Option `limit`. */
export const MAX_ARRAY_BYTES = 2 ** 30;

/** The most bytes of a decoded PNG, JPEG or WebP. Option `limit`. */
export const MAX_PICTURE_BYTES = 2 ** 28;

/** The most pixels along one side of a PNG. */
export const MAX_PNG_SIDE = 65_535;

/** The most bytes of a text in a PNG that is read. */
export const MAX_PNG_TEXT = 2 ** 20;

/** The most bytes of a CSV file, and of its numbers in float32. Option `limit`. */
export const MAX_CSV_BYTES = 2 ** 28;

/** The most bytes in one line of a CSV file, its end included. */
export const MAX_CSV_LINE = 2 ** 24;

/** The most columns of a CSV file. */
export const MAX_CSV_COLUMNS = 2 ** 20;

/** The most dimensions of an array in an npy or safetensors file, as in numpy. */
export const MAX_DIMENSIONS = 32;

/** The most dimensions of an idx file. */
export const MAX_IDX_DIMENSIONS = 8;

/** The most bytes in the header of an npy file. */
export const MAX_NPY_HEADER = 65_536;

/** The most arrays in an npz archive. */
export const MAX_NPZ_ARRAYS = 10_000;

/** The most bytes in the header of a safetensors file, as in the `safetensors` library. */
export const MAX_SAFETENSORS_HEADER = 100_000_000;

/** The most tensors in a safetensors file. */
export const MAX_TENSORS = 100_000;

/** The most members in a gzip file. */
export const MAX_GZIP_MEMBERS = 1000;

/** The most compressed bytes in a row that may decompress to nothing, such as gzip headers. */
export const MAX_IDLE_BYTES = 2 ** 17;

/** The most pixels along one side of the images of a folder, in option `size`. */
export const MAX_IMAGE_SIDE = 8192;
