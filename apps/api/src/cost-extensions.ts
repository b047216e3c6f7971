import type { ApolloServerPlugin } from '@apollo/server';
import { extensionsOf } from './admit.ts';
import type { Context } from './context.ts';

/** Shows in every answer what it cost, of how much, and the id to ask about it by. */
export const costExtensions: ApolloServerPlugin<Context> = {
  async requestDidStart() {
    return {
      async willSendResponse({ contextValue: { requestId, asked }, response: { body } }) {
        if (body.kind !== 'single') return;
        body.singleResult.extensions = { ...body.singleResult.extensions, ...extensionsOf(requestId, asked) };
      },
    };
  },
};
