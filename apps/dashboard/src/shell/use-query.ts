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

/** What a component knows of its question. It is asked for as long as somebody subscribes. */
class Question<R, V extends AnyVariables> {
  readonly #client: Client;
  readonly #request: GraphQLRequest<R, V>;
  readonly #pause: boolean;
  readonly #policy: RequestPolicy | undefined;
  #state: State<R, V>;
  #heard: (() => void) | undefined;
  #asked: Asked<R, V> | undefined;

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
    if (pause) return;
    // What is known already is there with the first render.
    const asked = askedBy(client).get(request.key);
    if (asked) this.#state = asked.state as State<R, V>;
    else
      answers(client, request, policy, (state) => {
        this.#state = state;
      }).unsubscribe();
  }

  readonly get = (): State<R, V> => this.#asked?.state ?? this.#state;

  readonly subscribe = (heard: () => void): (() => void) => {
    this.#heard = heard;
    if (!this.#pause) this.#join(this.#policy);
    return () => {
      this.#state = this.get();
      this.#asked?.leave(this.#tell);
      this.#asked = undefined;
      this.#heard = undefined;
    };
  };

  /** Asks, or asks again. */
  readonly ask = (options?: { requestPolicy?: RequestPolicy }): void => {
    const policy = options?.requestPolicy ?? this.#policy;
    if (this.#asked) this.#asked.again(policy);
    else {
      this.#state = { ...this.#state, fetching: true } as State<R, V>;
      this.#join(policy);
      this.#tell();
    }
  };

  readonly #tell = (): void => this.#heard?.();

  #join(policy: RequestPolicy | undefined): void {
    if (this.#asked) return;
    const all = askedBy(this.#client);
    const there = all.get(this.#request.key) as Asked<R, V> | undefined;
    this.#asked = there ?? new Asked(this.#client, this.#request, this.#state);
    this.#asked.join(this.#tell, policy);
  }
}

/**
 * A question that components ask together. Of urql each listener is told again whenever one more begins to listen: where that were a part
 * of a page which is being rendered, those that are shown would change in the middle of it, and the rendering begin again, without an end.
 */
class Asked<R, V extends AnyVariables> {
  readonly #client: Client;
  readonly #request: GraphQLRequest<R, V>;
  readonly #told = new Set<() => void>();
  #listening: { unsubscribe(): void } | undefined;
  state: State<R, V>;

  constructor(client: Client, request: GraphQLRequest<R, V>, state: State<R, V>) {
    this.#client = client;
    this.#request = request;
    this.state = state;
  }

  join(told: () => void, policy: RequestPolicy | undefined): void {
    const first = this.#told.size === 0;
    this.#told.add(told);
    if (first) {
      askedBy(this.#client).set(this.#request.key, this as never);
      this.#listen(policy);
    } else if (policy && policy !== 'cache-first') this.again(policy);
  }

  leave(told: () => void): void {
    this.#told.delete(told);
    if (this.#told.size > 0) return;
    askedBy(this.#client).delete(this.#request.key);
    this.#listening?.unsubscribe();
  }

  again(policy: RequestPolicy | undefined): void {
    this.#listening?.unsubscribe();
    this.#set({ ...this.state, fetching: true } as State<R, V>);
    this.#listen(policy);
  }

  #listen(policy: RequestPolicy | undefined): void {
    this.#listening = answers(this.#client, this.#request, policy, (state) => this.#set(state));
  }

  #set(state: State<R, V>): void {
    if (SAID.every((name) => state[name] === this.state[name])) return;
    this.state = state;
    for (const tell of this.#told) tell();
  }
}
/** What makes two states different to who looks at them. */
const SAID = ['data', 'error', 'fetching', 'stale', 'hasNext'] as const;

const everyAsked = new WeakMap<Client, Map<number, Asked<never, never>>>();
function askedBy(client: Client): Map<number, Asked<never, never>> {
  const all = everyAsked.get(client) ?? new Map<number, Asked<never, never>>();
  everyAsked.set(client, all);
  return all;
}

const answers = <R, V extends AnyVariables>(
  client: Client,
  request: GraphQLRequest<R, V>,
  requestPolicy: RequestPolicy | undefined,
  answered: (state: State<R, V>) => void,
): { unsubscribe(): void } =>
  client
    .executeQuery<R, V>(request, requestPolicy ? { requestPolicy } : undefined)
    .subscribe(({ stale, hasNext, data, error, extensions, operation }: OperationResult<R, V>) =>
      answered({ fetching: false, stale, hasNext, data, error, extensions, operation } as State<R, V>),
    );
