// Loaded before anything else, so it must parse on a Node that is too old for the rest.
const wanted = [20, 19];

/** Ends the process with one sentence when Node is older than 20.19. */
export function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > wanted[0] || (major === wanted[0] && minor >= wanted[1])) return;
  console.error(
    `unsupported Node ${process.versions.node}: Smallbatch needs Node ${wanted.join('.')} or newer (https://nodejs.org).`,
  );
  process.exit(1);
}
