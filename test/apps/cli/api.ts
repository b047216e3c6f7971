import { fork } from 'node:child_process';
import { program } from './smallbatch.ts';

/** The API as a process of its own, on a free port. */
export async function startApi(databaseUrl: string): Promise<{ url: string; stop(): Promise<void> }> {
  const command = program('api');
  const child = fork(command.at(-1)!, [], {
    execArgv: command.slice(0, -1),
    env: { ...process.env, DATABASE_URL: databaseUrl, PORT: '0', HOST: '127.0.0.1', LOG_LEVEL: 'warn' },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const exited = new Promise<void>((done) => child.once('exit', () => done()));
  const url = await new Promise<string>((done, failed) => {
    child.once('message', (message) => done((message as { listening: string }).listening));
    child.once('exit', (code) => failed(new Error(`the API ended with ${code} before it listened`)));
  });
  return {
    url,
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
