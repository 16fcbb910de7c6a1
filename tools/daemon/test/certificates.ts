import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** Paths of PEM files. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

/** Makes a certificate authority and certificates of regions with the openssl program, in one folder. */
export class TestAuthority {
  readonly certificate: string;

  /** @param hosts that its own certificate proves, for a server that vouches for itself */
  constructor(
    private readonly folder: string,
    private readonly name = "authority",
    hosts = "DNS:authority.invalid",
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
      "-addext",
      `subjectAltName=${hosts}`,
      "-days",
      "2",
    );
  }

  /** The authority's own certificate with its key. */
  own(): Certificate {
    return { certificate: this.certificate, key: this.path("key") };
  }

  /**
   * Signs a certificate whose common name is `name`, as server and as client.
   *
   * @param hosts that it proves, as subjectAltName takes them @param days for which it is good; a negative number has run out
   */
  issue(name: string, hosts = "IP:127.0.0.1", days = 2): Certificate {
    const base = join(this.folder, `${this.name}-${name}`);
    const [certificate, key, request, extensions] = [`${base}.crt`, `${base}.key`, `${base}.csr`, `${base}.ext`];
    writeFileSync(extensions, `subjectAltName=${hosts}\nextendedKeyUsage=serverAuth,clientAuth\n`);
    this.openssl("req", "-new", ...NEW_KEY, "-keyout", key, "-out", request, "-subj", `/CN=${name}`);
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
      String(days),
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
