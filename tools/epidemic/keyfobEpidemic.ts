// One epidemic in a population that partly wears keyfobs, from the first cases to the last. docs/model.md, "Keyfobs".

import { exponential, PersonalRandom, poisson } from "./chance";
import { EventQueue } from "./eventQueue";
import { PersonLists } from "./personLists";

/** Everything that is the same in all settings; times in days. */
export interface KeyfobWorld {
  readonly population: number;
  /** Infected at the beginning. */
  readonly firstCases: number;
  readonly r0: number;
  readonly incubationDays: number;
  readonly infectiousDays: number;
  /** Whether everybody is infectious for the same time, instead of an exponentially distributed one. */
  readonly isPeriodFixed: boolean;
  readonly diagnosed: number;
  readonly isolation: number;
  readonly uploads: number;
  readonly compliance: number;
  readonly quarantine: number;
  readonly quarantineDays: number;
  readonly windowDays: number;
  /** Of infections, the share at shared places, one after the other. */
  readonly sharedSpace: number;
  /** Of direct contacts that infect, the share that keyfobs tell of. */
  readonly told: number;
  /** Of infections at a shared place with a repeater, the share that keyfobs tell of. */
  readonly toldShared: number;
  /**
   * Others a day whom keyfobs tell of a contact with one person, if all wear one: whoever it is, and without those whom an
   * infectious person infects. They are counted, and a test releases them after `testDays`; that they meet nobody until then
   * is not credited.
   */
  readonly toldOthersPerDay: number;
  readonly toldOthersPerInfectiousDay: number;
  readonly testDays: number;
  readonly publishHours: number;
  readonly embargoMinutes: number;
}

/** What a county can choose or change. */
export interface KeyfobSetting {
  /** Share of people who wear a keyfob. */
  readonly adoption: number;
  /** Days between two syncs of a keyfob. */
  readonly syncDays: number;
  /** Share of shared places with a repeater. */
  readonly repeaters: number;
  /** Days from being infectious to diagnosis. */
  readonly delayDays: number;
}

export interface KeyfobOutcome {
  /** People infected in all, the first cases included. */
  readonly infected: number;
  /** The cases after the first ones, until one in a hundred was infected; and whom they would infect if nobody were immune. */
  readonly earlyCases: number;
  readonly earlyInfections: number;
  /** Most people who were infected on one day. */
  readonly peak: number;
  /** Times that a keyfob told its wearer to talk to the health service. */
  readonly told: number;
  /** Days that people were asked to stay at home and did. */
  readonly quarantineDays: number;
}

const TRANSMISSION = 32;
const DIAGNOSIS = 0;
/** What was drawn of a transmission when it was planned: bits of an event's kind. */
const TOLD_OF = 1;
const DESPITE_ISOLATION = 2;
const DESPITE_OWN_QUARANTINE = 4;
const DESPITE_OTHERS_QUARANTINE = 8;

/** Purposes of a person's chance: so that what one part draws changes nothing in another. */
const FOR_ILLNESS = 0;
const FOR_DIAGNOSIS = 1;
const FOR_HABITS = 2;
const FOR_FIRST_CASES = 3;

/** How many cases show the beginning: a share of the population, or this many where it is small. */
const EARLY_SHARE = 0.01;
const EARLY_CASES = 200;
const HOURS_A_DAY = 24;
const MINUTES_A_DAY = 1440;

/** The epidemics of one run under all settings: the same people with the same chances. */
export class KeyfobRun {
  private readonly wearsBelow: Float32Array;
  private readonly compliesBelow: Float32Array;
  private readonly syncPhase: Float32Array;
  private readonly random: PersonalRandom;

  /** @param name of the run: same name, same people */
  constructor(
    private readonly world: KeyfobWorld,
    name: string,
  ) {
    const { population } = world;
    this.random = new PersonalRandom(name);
    this.wearsBelow = new Float32Array(population);
    this.compliesBelow = new Float32Array(population);
    this.syncPhase = new Float32Array(population);
    for (let person = 0; person < population; person++) {
      this.random.begin(person, FOR_HABITS);
      this.wearsBelow[person] = this.random.unit();
      this.compliesBelow[person] = this.random.unit();
      this.syncPhase[person] = this.random.unit();
    }
  }

  /** Follows an epidemic until nobody is ill any more. */
  follow(setting: KeyfobSetting): KeyfobOutcome {
    return new Epidemic(this.world, setting, this.random, this.wearsBelow, this.compliesBelow, this.syncPhase).follow();
  }
}

class Epidemic {
  private readonly queue = new EventQueue();
  private readonly isInfected: Uint8Array;
  private readonly isEarly: Uint8Array;
  private readonly infectiousAt: Float64Array;
  private readonly recoveredAt: Float64Array;
  private readonly isolatedAt: Float64Array;
  /** Contacts of wearers with wearers that keyfobs can tell of. */
  private readonly contacts: PersonLists;
  /** When people who do stay at home were told. */
  private readonly tellings: PersonLists;
  private readonly infectedByDay: number[] = [];
  private infected = 0;
  private earlyCases = 0;
  private earlyInfections = 0;
  private told = 0;
  private quarantineDays = 0;

  constructor(
    private readonly world: KeyfobWorld,
    private readonly setting: KeyfobSetting,
    private readonly random: PersonalRandom,
    private readonly wearsBelow: Float32Array,
    private readonly compliesBelow: Float32Array,
    private readonly syncPhase: Float32Array,
  ) {
    const { population } = world;
    this.isInfected = new Uint8Array(population);
    this.isEarly = new Uint8Array(population);
    this.infectiousAt = new Float64Array(population);
    this.recoveredAt = new Float64Array(population);
    this.isolatedAt = new Float64Array(population).fill(Number.POSITIVE_INFINITY);
    this.contacts = new PersonLists(population);
    this.tellings = new PersonLists(population);
  }

  follow(): KeyfobOutcome {
    const { queue, random, world } = this;
    for (let i = 0; this.infected < world.firstCases; i++) {
      random.begin(i, FOR_FIRST_CASES);
      const person = Math.floor(random.unit() * world.population);
      if (this.isInfected[person] === 0) this.infect(person, 0);
    }
    while (queue.pop()) {
      if (queue.kind >= TRANSMISSION) this.transmit(queue.time, queue.kind, queue.from, queue.to);
      else this.diagnose(queue.time, queue.from);
    }
    const { infected, earlyCases, earlyInfections, told, quarantineDays } = this;
    const peak = this.infectedByDay.reduce((most, count) => Math.max(most, count ?? 0), 0);
    return { infected, earlyCases, earlyInfections, peak, told, quarantineDays };
  }

  private infect(person: number, at: number): void {
    const { world, random, queue } = this;
    this.isInfected[person] = 1;
    this.infected++;
    const day = Math.floor(at);
    this.infectedByDay[day] = (this.infectedByDay[day] ?? 0) + 1;
    const early = Math.max(EARLY_SHARE * world.population, EARLY_CASES);
    if (this.infected > world.firstCases && this.infected <= world.firstCases + early) {
      this.isEarly[person] = 1;
      this.earlyCases++;
    }
    random.begin(person, FOR_ILLNESS);
    const from = at + exponential(random, 1 / world.incubationDays);
    const drawn = exponential(random, 1 / world.infectiousDays);
    const days = world.isPeriodFixed ? world.infectiousDays : drawn;
    this.infectiousAt[person] = from;
    this.recoveredAt[person] = from + days;
    random.begin(person, FOR_DIAGNOSIS);
    const isDiagnosed = random.unit() < world.diagnosed;
    if (isDiagnosed) this.isolatedAt[person] = from + this.setting.delayDays;
    // Only an upload does anything to others.
    if (isDiagnosed && this.wears(person)) queue.push(from + this.setting.delayDays, DIAGNOSIS, person, person);
    random.begin(person, FOR_ILLNESS);
    random.unit();
    random.unit();
    for (let left = poisson(random, (world.r0 / world.infectiousDays) * days); left > 0; left--)
      this.plan(person, from + random.unit() * days);
  }

  /** Draws a contact that infects, if nothing keeps the two apart. Always the same number of draws. */
  private plan(person: number, at: number): void {
    const { world, setting, random } = this;
    const drawn = Math.floor(random.unit() * (world.population - 1));
    const other = drawn < person ? drawn : drawn + 1;
    const isShared = random.unit() < world.sharedSpace;
    const hasRepeater = random.unit() < setting.repeaters;
    const chance = !isShared ? world.told : hasRepeater ? world.toldShared : 0;
    let kind = TRANSMISSION;
    if (random.unit() < chance) kind |= TOLD_OF;
    if (random.unit() < world.isolation) kind |= DESPITE_ISOLATION;
    if (random.unit() < world.quarantine) kind |= DESPITE_OWN_QUARANTINE;
    if (random.unit() < world.quarantine) kind |= DESPITE_OTHERS_QUARANTINE;
    if ((kind & DESPITE_ISOLATION) === 0 && at >= (this.isolatedAt[person] as number)) return;
    this.queue.push(at, kind, person, other);
  }

  private transmit(at: number, kind: number, person: number, other: number): void {
    if ((kind & DESPITE_OWN_QUARANTINE) === 0 && this.isInQuarantine(person, at)) return;
    if ((kind & DESPITE_OTHERS_QUARANTINE) === 0 && this.isInQuarantine(other, at)) return;
    if (this.isEarly[person] === 1) this.earlyInfections++;
    if ((kind & TOLD_OF) !== 0 && this.wears(person) && this.wears(other)) {
      this.contacts.add(person, at, other);
      this.contacts.add(other, at, person);
    }
    if (this.isInfected[other] === 0) this.infect(other, at);
  }

  private diagnose(at: number, person: number): void {
    const { world, random } = this;
    random.begin(person, FOR_DIAGNOSIS);
    random.unit();
    if (random.unit() >= world.uploads) return;
    const publishedAt = at + (random.unit() * world.publishHours) / HOURS_A_DAY + world.embargoMinutes / MINUTES_A_DAY;
    const since = at - world.windowDays;
    for (let entry = this.contacts.first(person); entry >= 0; entry = this.contacts.after(entry))
      if (this.contacts.time(entry) >= since) this.tell(this.contacts.value(entry), publishedAt);
    this.countOthers(person, Math.max(0, since), at);
  }

  /** Counts those who were near the person and are told, though it did not infect them. */
  private countOthers(person: number, since: number, until: number): void {
    const { world, random } = this;
    const infectiousDays = Math.max(
      0,
      Math.min(until, this.recoveredAt[person] as number) - Math.max(since, this.infectiousAt[person] as number),
    );
    const mean =
      world.toldOthersPerInfectiousDay * infectiousDays +
      world.toldOthersPerDay * Math.max(0, until - since - infectiousDays);
    const others = poisson(random, mean * this.setting.adoption);
    this.told += others;
    this.quarantineDays += others * world.compliance * world.testDays;
  }

  /** A keyfob tells its wearer at the first sync after the publication. */
  private tell(person: number, publishedAt: number): void {
    const { syncDays } = this.setting;
    const phase = (this.syncPhase[person] as number) * syncDays;
    const at = syncDays === 0 ? publishedAt : phase + Math.ceil((publishedAt - phase) / syncDays) * syncDays;
    const { tellings, world } = this;
    const latest = tellings.first(person);
    if (latest >= 0 && tellings.time(latest) === at) return;
    this.told++;
    if ((this.compliesBelow[person] as number) >= world.compliance) return;
    const since = latest < 0 ? Number.POSITIVE_INFINITY : Math.max(0, at - tellings.time(latest));
    this.quarantineDays += Math.min(world.quarantineDays, since);
    tellings.add(person, at, 0);
  }

  private isInQuarantine(person: number, at: number): boolean {
    const { tellings, world, setting } = this;
    // They come nearly in order of time: a later upload can be told earlier by an hour's wait at most.
    const before = at - world.quarantineDays - setting.syncDays - 1;
    for (let entry = tellings.first(person); entry >= 0; entry = tellings.after(entry)) {
      const told = tellings.time(entry);
      if (told <= at && at < told + world.quarantineDays) return true;
      if (told < before) return false;
    }
    return false;
  }

  private wears(person: number): boolean {
    return (this.wearsBelow[person] as number) < this.setting.adoption;
  }
}
