// Makes a bare clone ready to run: npm dependencies, redis-server and nginx, compiled code; and a used one ready again, whatever of
// that was removed, damaged, or made for another machine. Quick when nothing is to do.
// Plain JavaScript without dependencies, because it runs before there are any.
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

/** Services require() modules that are published as ES modules only: Node can from 20.19 and 22.12 on. */
function checkNodeVersion() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major >= 23 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19)) return;
  throw new Error(
    `Millrace needs Node 20.19, 22.12 or newer; this is Node ${process.versions.node}: https://nodejs.org/en/download`,
  );
}
