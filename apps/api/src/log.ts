import pino, { type DestinationStream, type Logger } from 'pino';

const SECRETS = ['password', 'old', 'secret', 'authorization', 'cookie', 'set-cookie', 'body', 'token'];

/** What a terminal would obey, or show in another order, that JSON leaves as it is: written as JSON writes the others. */
const OBEYED = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
const harmless = (to: DestinationStream): DestinationStream => ({
  write: (line) =>
    to.write(line.replace(OBEYED, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)),
});

/** The log of the process, one JSON a line. What could be a secret is left out, wherever in what is logged it stands. */
export const makeLogger = (destination?: DestinationStream): Logger =>
  pino(
    {
      level: process.env.LOG_LEVEL ?? 'info',
      redact: ['', '*.', '*.*.', '*.*.*.'].flatMap((place) =>
        SECRETS.map((name) => (name.includes('-') ? `${place.replace(/\.$/, '')}["${name}"]` : place + name)),
      ),
    },
    harmless(destination ?? process.stdout),
  );
