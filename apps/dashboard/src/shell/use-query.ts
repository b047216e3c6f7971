import {
  type AnyVariables,
  type Client,
  createRequest,
  type GraphQLRequest,
  type OperationResult,
  type RequestPolicy,
  type UseQueryArgs,
  type UseQueryResponse,
  type UseQueryState,
  useClient,
  useQuery as useUrqlQuery,
} from '@urql/next';
import { useEffect, useMemo, useRef, useSyncExternalStore } from 'react';

function useBesideReact<R, V extends AnyVariables>(args: UseQueryArgs<V, R>): UseQueryResponse<R, V> {
  // Asks nothing; takes over what the server asked, as it arrives.
  useUrqlQuery<R, V>({ ...args, pause: true });
  const client = useClient();
  const { pause = false, requestPolicy } = args;
  const request = createRequest<R, V>(args.query, (args.variables ?? {}) as V);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the request.
  const question = useMemo(
    () => new Question<R, V>(client, request, pause, requestPolicy),
    [client, request.key, pause, requestPolicy],
  );
  const state = useSyncExternalStore(question.subscribe, question.get, question.get);
  // What was shown before stays until there is an answer; its `operation` says to what.
  const last = useRef(state);
  useEffect(() => {
    if (!state.fetching || state.data !== undefined) last.current = state;
  }, [state]);
  const shown =
    state.fetching && state.data === undefined && last.current.data !== undefined
      ? { ...last.current, fetching: true }
      : state;
  return [shown, question.ask] as UseQueryResponse<R, V>;
}

/**
 * A question, as urql asks it. In the browser its answer stands beside React: urql's own hook sets state while it renders, which React
 * takes back when something else changes at that moment; the question is then asked and given up without an end.
 */
export const useQuery = (
  typeof window === 'undefined' ? useUrqlQuery : useBesideReact
) as typeof useBesideReact;

type State<R, V extends AnyVariables> = UseQueryState<R, V>;
const nothing = (fetching: boolean) =>
  ({
    fetching,
    stale: false,
    hasNext: false,
    data: undefined,
    error: undefined,
    extensions: undefined,
    operation: undefined,
  }) as const;

/** One question of one component. It is asked for as long as somebody subscribes. */
class Question<R, V extends AnyVariables> {
  readonly #client: Client;
  readonly #request: GraphQLRequest<R, V>;
  readonly #policy: RequestPolicy | undefined;
  #state: State<R, V>;
  #heard: (() => void) | undefined;
  #asked: { unsubscribe(): void } | undefined;
  readonly #pause: boolean;

  constructor(
    client: Client,
    request: GraphQLRequest<R, V>,
    pause: boolean,
    policy: RequestPolicy | undefined,
  ) {
    this.#client = client;
    this.#request = request;
    this.#pause = pause;
    this.#policy = policy;
    this.#state = nothing(!pause) as State<R, V>;
    // What is known already is there with the first render.
    if (!pause) this.#listen(policy).unsubscribe();
  }

  readonly get = (): State<R, V> => this.#state;

  readonly subscribe = (heard: () => void): (() => void) => {
    this.#heard = heard;
    if (!this.#pause) this.#asked = this.#listen(this.#policy);
    return () => {
      this.#asked?.unsubscribe();
      this.#asked = undefined;
      this.#heard = undefined;
    };
  };

  /** Asks, or asks again. */
  readonly ask = (options?: { requestPolicy?: RequestPolicy }): void => {
    this.#asked?.unsubscribe();
    this.#set({ ...this.#state, fetching: true } as State<R, V>);
    this.#asked = this.#listen(options?.requestPolicy ?? this.#policy);
  };

  #listen(requestPolicy: RequestPolicy | undefined): { unsubscribe(): void } {
    return this.#client
      .executeQuery<R, V>(this.#request, requestPolicy ? { requestPolicy } : undefined)
      .subscribe(({ stale, hasNext, data, error, extensions, operation }: OperationResult<R, V>) =>
        this.#set({ fetching: false, stale, hasNext, data, error, extensions, operation } as State<R, V>),
      );
  }

  #set(state: State<R, V>): void {
    this.#state = state;
    this.#heard?.();
  }
}
