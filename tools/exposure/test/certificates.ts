import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** Makes a certificate authority and certificates of regions with the openssl program, in one folder. */
export class TestAuthority {
  readonly certificate: string;

  constructor(
    private readonly folder: string,
    private readonly name = "authority",
  ) {
    this.certificate = join(folder, `${name}.crt`);
    this.openssl(
      "req",
      "-x509",
      ...NEW_KEY,
      "-keyout",
      this.path("key"),
      "-out",
      this.certificate,
      "-subj",
      `/CN=${name}`,
      "-days",
      "2",
    );
  }

  /** Signs a certificate whose common name is `region`, good for 127.0.0.1 as server and as client. */
  issue(region: string): { certificate: string; key: string } {
    const base = join(this.folder, `${this.name}-${region}`);
    const [certificate, key, request, extensions] = [`${base}.crt`, `${base}.key`, `${base}.csr`, `${base}.ext`];
    writeFileSync(extensions, "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n");
    this.openssl("req", "-new", ...NEW_KEY, "-keyout", key, "-out", request, "-subj", `/CN=${region}`);
    this.openssl(
      "x509",
      "-req",
      "-in",
      request,
      "-CA",
      this.certificate,
      "-CAkey",
      this.path("key"),
      "-CAcreateserial",
      "-days",
      "2",
      "-extfile",
      extensions,
      "-out",
      certificate,
    );
    return { certificate, key };
  }

  private path(extension: string): string {
    return join(this.folder, `${this.name}.${extension}`);
  }

  private openssl(...args: string[]): void {
    execFileSync("openssl", args, { stdio: ["ignore", "ignore", "pipe"] });
  }
}

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
