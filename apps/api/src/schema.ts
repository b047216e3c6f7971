import { lexicographicSortSchema, printSchema } from 'graphql';
import { builder } from './builder.ts';
import { guard } from './can.ts';
import './aggregate/schema.ts';
import './compare/schema.ts';
import './cost/schema.ts';
import './coverage/schema.ts';
import './curve/band-schema.ts';
import './curve/schema.ts';
import './dataset/schema.ts';
import './importance/schema.ts';
import './live/events.ts';
import './live/schema.ts';
import './metric/schema.ts';
import './pivot/schema.ts';
import './preset/schema.ts';
import './run/delete.ts';
import './run/describe.ts';
import './run/own.ts';
import './run/schema.ts';
import './server-info.ts';
import './sweep/describe.ts';
import './sweep/preview-schema.ts';
import './sweep/reused-schema.ts';
import './sweep/schema.ts';
import './team/schema.ts';
import './token/schema.ts';
import './worker/report.ts';
import './worker/schema.ts';
import './worker/waiting.ts';

export const schema = guard(builder.toSchema());

/** The schema as it is committed in schema.graphql. */
export const printedSchema = (): string => `${printSchema(lexicographicSortSchema(schema))}\n`;
