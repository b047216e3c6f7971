import type { ApolloServerPlugin } from '@apollo/server';
import { extensionsOf } from './admit.ts';
import type { Context } from './context.ts';

/** Most errors that are told of a request that was not executed. */
const ERRORS = 10;

/** Shows in every answer what it cost, of how much, and the id to ask about it by. */
export const costExtensions: ApolloServerPlugin<Context> = {
  async requestDidStart() {
    return {
      async willSendResponse({ contextValue: { requestId, asked }, response: { body } }) {
        if (body.kind !== 'single') return;
        const { data, errors } = body.singleResult;
        if (data === undefined && errors && errors.length > ERRORS)
          body.singleResult.errors = [
            ...errors.slice(0, ERRORS),
            { message: `${errors.length - ERRORS} more errors`, extensions: { code: 'BAD_USER_INPUT' } },
          ];
        body.singleResult.extensions = { ...body.singleResult.extensions, ...extensionsOf(requestId, asked) };
      },
    };
  },
};
