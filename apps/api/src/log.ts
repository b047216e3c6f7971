import pino, { type DestinationStream, type Logger } from 'pino';

const SECRETS = ['password', 'old', 'secret', 'authorization', 'cookie', 'set-cookie', 'body', 'token'];

/** The log of the process, one JSON a line. What could be a secret is left out, wherever in what is logged it stands. */
export const makeLogger = (destination?: DestinationStream): Logger =>
  pino(
    {
      level: process.env.LOG_LEVEL ?? 'info',
      redact: ['', '*.', '*.*.', '*.*.*.'].flatMap((place) =>
        SECRETS.map((name) => (name.includes('-') ? `${place.replace(/\.$/, '')}["${name}"]` : place + name)),
      ),
    },
    destination ?? process.stdout,
  );
