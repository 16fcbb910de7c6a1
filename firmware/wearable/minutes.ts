import type { Advertisement } from "../../protocol/beacon/advertisement";
import { encodeChirpFrame } from "../../protocol/beacon/pact";
import { Beacon } from "../../protocol/beacon/sighting";
import { ConfigKey } from "../../protocol/keyfob/configKeys";
import type { HciHost } from "../hci/host";
import type { Listener } from "../listen/listener";
import type { Clock } from "../state/clock";
import type { Config } from "../state/config";
import type { FaultCounters } from "../state/faultCounters";
import type { Session } from "../state/session";
import type { Snooze } from "../wearer/snooze";
import type { Storage } from "./storage";

const MINUTES_PER_DAY = 1440;

/** Turns minute after minute. */
export class Minutes {
  chirped: number;
  missed: number;
  private readonly clock: Clock;
  private readonly config: Config;
  private readonly snooze: Snooze;
  private readonly host: HciHost;
  private readonly listener: Listener;
  private readonly storage: Storage;
  private readonly session: Session;
  private readonly faults: FaultCounters;
  private last: number;

  constructor(
    clock: Clock,
    config: Config,
    snooze: Snooze,
    host: HciHost,
    listener: Listener,
    storage: Storage,
    session: Session,
    faults: FaultCounters,
  ) {
    this.clock = clock;
    this.config = config;
    this.snooze = snooze;
    this.host = host;
    this.listener = listener;
    this.storage = storage;
    this.session = session;
    this.faults = faults;
    this.chirped = 0;
    this.missed = 0;
    this.last = 0;
  }

  /** Begins the minute if there is a new one; to be called as soon as it begins. @returns whether there is */
  async turn(): Promise<boolean> {
    const minute = this.clock.minute();
    const isNew = minute !== this.last;
    if (isNew) await this.begin(minute);
    await this.storage.drainMany();
    return isNew;
  }

  /** First the chirp, which must not be late, then everything that may take its time. */
  private async begin(minute: number): Promise<void> {
    const { host, listener, storage } = this;
    const missed = this.last === 0 ? 0 : minute - this.last - 1;
    if (missed > 0 && missed < MINUTES_PER_DAY) this.missed += missed;
    this.last = minute;
    await host.turn(await this.advertisement(minute));
    if (host.isAdvertising()) this.chirped++;
    await listener.turn(minute);
    await storage.drain();
    await this.session.checkpoint(this.clock);
    await this.faults.minutePassed();
    await storage.keepHouse(minute);
  }

  private async advertisement(minute: number): Promise<Advertisement | undefined> {
    const chirp = await this.storage.chirp(minute);
    if (!chirp) return undefined;
    this.listener.own(Beacon.Pact, chirp, minute);
    if (this.snooze.isOn()) return undefined;
    const config = this.config;
    return encodeChirpFrame(chirp, config.value(ConfigKey.TxPowerDbm), 0, config.value(ConfigKey.CompanyId));
  }
}
