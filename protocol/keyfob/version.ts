/** Version of the keyfob service (services/keyfob.md), in every status report. */
export const PROTOCOL_VERSION = 1;
