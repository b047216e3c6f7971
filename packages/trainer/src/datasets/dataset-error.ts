/** A data set that cannot be read: the message names the file, the place and the way out. */
export class DatasetError extends Error {}
