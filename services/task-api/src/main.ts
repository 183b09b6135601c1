// `main.js` serves. `main.js migrate` brings the database schema up to date and exits. It uses the role that owns the schema, whose password
// the service does not have.
void (process.argv[2] === 'migrate' ? import('./migrate.js') : import('./serve.js'));
