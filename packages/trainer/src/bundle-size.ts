/**
 * How many runs share a step on a CPU where that has not been measured (Calibration): as many as keep a step's working set in
 * the cache, 8 samples in all. `npm run bench -- trainer` shows it: at m = 2 a step of 4 runs is the fastest, from m = 8 on of one.
 */
export const SAMPLES_PER_STEP = 8;
