/** Version of the software; a test holds it equal to package.json. Not imported from the server: `--help` must not load it. */
export const VERSION = '0.1.0'
