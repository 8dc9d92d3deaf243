type Options = { key: string; nonce?: string; container?: Node; speedy?: boolean };

let first: CSSStyleSheet | null = null;

/**
 * Where emotion writes its rules: style sheets made by script, which the content security policy allows without
 * allowing inline styles. Has the parts of emotion's own sheet that emotion uses.
 */
export class AdoptedSheet {
  readonly key: string;
  readonly nonce: string | undefined;
  readonly container: Node | undefined;
  readonly isSpeedy = true;
  readonly tags: Node[] = [];
  before: Node | null = null;
  ctr = 0;
  private readonly sheet = new CSSStyleSheet();

  constructor(options: Options) {
    this.key = options.key;
    this.nonce = options.nonce;
    this.container = options.container;
    const present = document.adoptedStyleSheets;
    const place = first === null ? -1 : present.indexOf(first);
    // Global rules come before those of components, which override them.
    if (place === -1) document.adoptedStyleSheets = [...present, this.sheet];
    else document.adoptedStyleSheets = [...present.slice(0, place), this.sheet, ...present.slice(place)];
    first ??= this.sheet;
  }

  insert(rule: string): void {
    try {
      this.sheet.insertRule(rule, this.sheet.cssRules.length);
    } catch {
      // A rule that this browser does not know, for example another one's prefix. There is nothing to do about it.
    }
    this.ctr++;
  }

  hydrate(): void {}

  flush(): void {
    this.sheet.replaceSync("");
    this.ctr = 0;
  }

  /** Take it off the page. */
  remove(): void {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((sheet) => sheet !== this.sheet);
    if (first === this.sheet) first = null;
  }
}
