// A server that answers everything with 3.4 MB, until SIGTERM. Arguments: PEM files of certificate and key, or none.

import { readFileSync } from "node:fs";
import { listen } from "../../http/server";

const PIECE = Buffer.alloc(65_536, 7);
const BODY_BYTES = 3_400_000;

async function* pieces(): AsyncGenerator<Buffer> {
  for (let at = 0; at < BODY_BYTES; at += PIECE.length) yield Buffer.from(PIECE.subarray(0, BODY_BYTES - at));
}

const [certificate, key] = process.argv.slice(2);
const server = await listen(
  (_request, response, _path, download) =>
    download(() => response.writeHead(200, { "content-length": BODY_BYTES }), pieces()),
  {
    host: "127.0.0.1",
    port: 0,
    ...(certificate === undefined || key === undefined
      ? {}
      : { tls: { cert: readFileSync(certificate), key: readFileSync(key) } }),
  },
  () => undefined,
  () => process.stderr.write("a request failed\n"),
);
process.once("SIGTERM", () => void server.close());
process.stdout.write(`${server.url}\n`);
