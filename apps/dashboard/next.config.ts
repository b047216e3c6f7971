import type { NextConfig } from 'next';

const config: NextConfig = {
  poweredByHeader: false,
  reactStrictMode: true,
  // `npm run typecheck` checks types; a build need not do it again.
  typescript: { tsconfigPath: 'tsconfig.json', ignoreBuildErrors: true },
};

export default config;
