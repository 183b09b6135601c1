import { readArguments } from './arguments.js';

test('has one replica of everything and port 8080 by default', () => {
  expect(readArguments([], {})).toMatchObject({
    help: false,
    watch: false,
    auth: false,
    observe: false,
    tls: false,
    port: 8080,
    httpsPort: 8443,
    bind: undefined,
    scale: {},
  });
});

test('accepts --scale several times, in both spellings', () => {
  const { scale } = readArguments(['--scale', 'blur-worker=4', '--scale=bw-worker=2'], {});
  expect(scale).toEqual({ 'blur-worker': 4, 'bw-worker': 2 });
});

test('reads the address from the environment', () => {
  expect(readArguments(['--watch'], { PORT: '9000', BIND: '0.0.0.0' })).toMatchObject({
    watch: true,
    port: 9000,
    bind: '0.0.0.0',
  });
});

test.each(['blur=2', 'blur-worker', 'blur-worker=0', 'blur-worker=many', 'blur-worker=1.5', '=2'])(
  'lists the services when asked for --scale %s',
  (value) => {
    expect(() => readArguments(['--scale', value], {})).toThrow(
      `Use SERVICE=NUMBER with a number from 1 to 99, not "${value}". Services: web-gateway, task-api,`,
    );
  },
);

test.each(['0', '65536', 'http', '80.5', '-1', ''])('refuses PORT=%s', (port) => {
  expect(() => readArguments([], { PORT: port })).toThrow(
    `PORT must be a number from 1 to 65535, not "${port}".`,
  );
});

test('derives the HTTPS port from the other one, unless it is given', () => {
  expect(readArguments(['--tls'], { PORT: '80' })).toMatchObject({ tls: true, port: 80, httpsPort: 443 });
  expect(readArguments([], { PORT: '80', HTTPS_PORT: '9443' })).toMatchObject({
    tls: false,
    httpsPort: 9443,
  });
  expect(() => readArguments([], { HTTPS_PORT: 'https' })).toThrow('HTTPS_PORT must be a number');
});

test('points to the help when it does not know an option', () => {
  expect(() => readArguments(['--sclae', 'x'], {})).toThrow(
    /^Unknown option '--sclae'\. See: npm start -- --help$/,
  );
});
