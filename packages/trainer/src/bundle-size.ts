/**
 * How many runs share a step on a CPU: as many as keep a step's working set in the cache, 16 samples in all. Measured with
 * `npm run bench -- trainer` on two cores: at m = 2 a step of 4 to 8 runs is the fastest, from m = 8 on a step of one.
 */
export const SAMPLES_PER_STEP = 16;
