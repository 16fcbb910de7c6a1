// When contact tracing alone ends an epidemic: Britton and Zhang, "Epidemic models with digital and manual contact tracing",
// arXiv 2211.12869. Diagnosis at once tells every app user in the chain of contacts, and theirs, without delay.

/** Rates per day. */
export interface TracingModel {
  /** Infectious contacts. */
  readonly beta: number;
  /** Recovery without diagnosis. */
  readonly gamma: number;
  /** Diagnosis of the infectious; more than 0. */
  readonly delta: number;
}

/** Reproduction number when a share `adoption` of people use it, 0 to 1. Above 1 large outbreaks are possible. */
export function tracedReproduction({ beta, gamma, delta }: TracingModel, adoption: number): number {
  const among = beta * adoption;
  const s = among + gamma + delta;
  // The smaller root of among h^2 - s h + gamma = 0, in the form that also holds where nobody uses it.
  const h = (2 * gamma) / (s + Math.sqrt(s * s - 4 * among * gamma));
  const a = (beta * (1 - adoption)) / (gamma + delta);
  const b = among / (gamma + delta);
  const k = (beta * (1 - adoption) * (1 - h)) / delta;
  return (a + Math.sqrt(a * a + 4 * b * k)) / 2;
}

/** The adoption at which the reproduction number is 1; 0 where it is not above 1 without anybody. */
export function criticalAdoption(model: TracingModel): number {
  if (tracedReproduction(model, 0) <= 1) return 0;
  let [low, high] = [0, 1];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (tracedReproduction(model, middle) > 1) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
