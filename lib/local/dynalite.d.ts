/** dynalite ships no types; what we use of it. */
declare module 'dynalite' {
  import type { Server } from 'node:http';

  interface DynaliteOptions {
    /** Folder of the LevelDB; in memory without. */
    path?: string;
    /** Milliseconds a table stays CREATING, DELETING and UPDATING; 500 each by default. */
    createTableMs?: number;
    deleteTableMs?: number;
    updateTableMs?: number;
  }

  /** A server that speaks DynamoDB's protocol; its `close` closes the database too. */
  function dynalite(options?: DynaliteOptions): Server;
  export = dynalite;
}
