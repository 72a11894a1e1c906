// Benchmarks: what is going on. One live line on a terminal, one plain line for each finished measurement elsewhere.

export class Progress {
  #isLive = process.stderr.isTTY === true;
  #total: number;
  #done = 0;
  #start = performance.now();
  #label = "";
  #phase = "";
  #timer: NodeJS.Timeout | undefined;

  constructor(total: number) {
    this.#total = total;
    if (this.#isLive) this.#timer = setInterval(() => this.#draw(), 500);
  }

  begin(label: string): void {
    this.#label = label;
    this.phase("starting");
  }

  phase(phase: string): void {
    this.#phase = phase;
    this.#draw();
  }

  finish(outcome: string): void {
    this.#done++;
    this.note(`[${this.#done}/${this.#total}] ${this.#label}: ${outcome}`);
  }

  /** A line that stays. */
  note(line: string): void {
    this.#clear();
    process.stderr.write(`${line}\n`);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#clear();
  }

  #clear(): void {
    if (this.#isLive) process.stderr.write("\r\x1b[K");
  }

  #draw(): void {
    if (!this.#isLive) return;
    const line = `[${this.#done + 1}/${this.#total}] ${this.#label}: ${this.#phase} · ${this.#remaining()}`;
    this.#clear();
    process.stderr.write(line.slice(0, (process.stderr.columns || 80) - 1));
  }

  #remaining(): string {
    const elapsed = (performance.now() - this.#start) / 1000;
    if (this.#done === 0) return `${Math.round(elapsed)} s`;
    const left = (elapsed / this.#done) * (this.#total - this.#done);
    return left > 90 ? `about ${Math.round(left / 60)} min left` : `about ${Math.round(left)} s left`;
  }
}
