// Commands to run in a container, to see which connections another one accepts.

/** For bash: prints the answer to these bytes over a plain connection. */
export function plainQuestion(to: string, port: number, bytes: string): string {
  return `exec 3<>/dev/tcp/${to}/${port} && printf '${bytes}' >&3 && timeout 3 cat <&3 | tr -d '\\0'; true`;
}

export const plainRequest = (path: string) => `GET ${path} HTTP/1.0\\r\\n\\r\\n`;

/** PostgreSQL's first message, without TLS. */
export const plainStartup = '\\0\\0\\0\\51\\0\\3\\0\\0user\\0task_api\\0database\\0millrace\\0\\0';

/** For node, in a service: prints the serial number of the certificate that Redis or PostgreSQL shows it. */
export function serialQuestion(server: 'redis' | 'postgres'): string {
  return `
    const { readFileSync } = require('fs');
    const read = (name) => readFileSync('/run/tls/' + name);
    const files = { cert: read('tls.crt'), key: read('tls.key'), ca: read('ca.crt'), servername: '${server}' };
    const show = (options) => {
      const socket = require('tls').connect({ ...files, ...options }, () => {
        console.log(socket.getPeerCertificate().serialNumber);
        process.exit();
      });
    };
    if ('${server}' === 'redis') show({ host: 'redis', port: 6379 });
    else {
      const socket = require('net').connect(5432, 'postgres', () => socket.write(Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])));
      socket.once('data', () => show({ socket }));
    }`;
}
