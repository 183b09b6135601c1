// Makes a fresh clone ready to run: npm dependencies, redis-server and nginx, compiled code. Later, restores whatever was removed, damaged, or
// built for another machine. Fast when there is nothing to do. Plain JavaScript without dependencies, because it runs before
// there are any.
import { build } from './prepare/build.mjs';
import { installDependencies } from './prepare/dependencies.mjs';
import { installServers } from './prepare/servers.mjs';
import { reportFailure, stopWithParent } from './prepare/steps.mjs';

stopWithParent();
await prepare().catch(reportFailure);

async function prepare() {
  checkNodeVersion();
  await installDependencies();
  await installServers();
  await build();
}

/** Services require() modules that are published as ES modules only, which Node supports from 20.19 and 22.12 on. */
function checkNodeVersion() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major >= 23 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19)) return;
  throw new Error(
    `Millrace needs Node 20.19, 22.12 or newer; this is Node ${process.versions.node}: https://nodejs.org/en/download`,
  );
}
