/**
 * Lets plain Node run the services' TypeScript sources (`node -r`), for watch mode: as CommonJS, and with `./app.js` found in `app.ts`.
 */
import Module from 'node:module';
import { register } from 'ts-node';

type Resolve = (request: string, ...rest: unknown[]) => string;
const loader = Module as unknown as { _resolveFilename: Resolve };

const byNode = loader._resolveFilename;
register({
  swc: true,
  experimentalResolver: true,
  compilerOptions: { module: 'commonjs', esModuleInterop: true },
});
const byTsNode = loader._resolveFilename;

// ts-node's resolver throws a TypeError for names in package.json's `imports` (#topology), which Node must resolve.
loader._resolveFilename = function (request, ...rest) {
  return (request.startsWith('#') ? byNode : byTsNode).call(this, request, ...rest);
};
