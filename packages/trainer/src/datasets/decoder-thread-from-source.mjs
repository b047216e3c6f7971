// Starts the thread from its source: the loader that a process has does not reach its threads.
import { register } from 'tsx/esm/api';

register();
await import('./decoder-thread.ts');
