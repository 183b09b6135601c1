/**
 * Lets plain Node run the services' TypeScript sources (`node -r`), for watch mode: as CommonJS, and with `./app.js` found in
 * `app.ts`.
 */
import { register } from 'ts-node';

register({
  swc: true,
  experimentalResolver: true,
  compilerOptions: { module: 'commonjs', esModuleInterop: true },
});
