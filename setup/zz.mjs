import { register } from 'tsx/esm/api'; register();
const { benchSignIn } = await import('/tmp/ops/setup/bench/sign-in.ts');
await benchSignIn((r) => console.log(r.case, r.value.toFixed(1), r.min.toFixed(1), r.max.toFixed(1), r.n, r.limit ? (r.value / r.limit).toFixed(2) : ''));
