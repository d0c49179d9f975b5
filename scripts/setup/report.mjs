import { platform } from 'node:os';

/** What is missing and the command that mends it on this system. */
export class SetupError extends Error {
  /**
   * @param {string} message
   * @param {{ debian?: string, mac?: string, windows?: string }} mend
   */
  constructor(message, mend = {}) {
    super(message);
    this.mend = mend;
  }

  advice() {
    const names = { linux: 'Debian/Ubuntu', darwin: 'macOS', win32: 'Windows' };
    const commands = { linux: this.mend.debian, darwin: this.mend.mac, win32: this.mend.windows };
    const here = platform();
    // this system's command first; the others too, for people who read the log of another machine
    const order = [here, ...Object.keys(commands).filter((key) => key !== here)];
    return order
      .filter((key) => commands[key])
      .map((key) => `\n  ${names[key]}: ${commands[key]}`)
      .join('');
  }
}

/** One line that rewrites itself on a terminal; elsewhere a plain line at every tenth. */
export class ProgressLine {
  #label;
  #lastTenth = -1;

  constructor(label) {
    this.#label = label;
  }

  update(done, total) {
    const share = total > 0 ? done / total : 0;
    if (process.stderr.isTTY) {
      const width = 30;
      const filled = Math.round(share * width);
      process.stderr.write(
        `\r${this.#label} [${'█'.repeat(filled)}${'░'.repeat(width - filled)}] ${done}/${total} `,
      );
      return;
    }
    const tenth = Math.floor(share * 10);
    if (tenth > this.#lastTenth) {
      this.#lastTenth = tenth;
      process.stderr.write(`${this.#label} ${done}/${total}\n`);
    }
  }

  end(text) {
    process.stderr.write(`${process.stderr.isTTY ? '\r\x1b[2K' : ''}${text}\n`);
  }
}
