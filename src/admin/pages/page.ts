/** A self-contained HTML page, and the headers that keep it so. */

import { createHash } from 'node:crypto';

export interface Page {
  readonly html: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface PageParts {
  readonly title: string;
  readonly style: string;
  readonly body: string;
  readonly script: string;
}

/** The browser may run this script and this style only, and talk to nobody but us. */
export function createPage({ title, style, body, script }: PageParts): Page {
  const policy = [
    "default-src 'none'",
    `style-src '${sourceHash(style)}'`,
    `script-src '${sourceHash(script)}'`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  return {
    html: `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${style}</style>
</head>
<body>
${body}
<script>${script}</script>
</body>
</html>
`,
    headers: {
      'Content-Security-Policy': policy,
      'X-Content-Type-Options': 'nosniff',
      'Referrer-Policy': 'no-referrer',
      'Cache-Control': 'no-cache',
    },
  };
}

/** CSP level 3, section 2.3.1: the hash of an inline element's exact text. */
function sourceHash(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

/** What both pages look like. */
export const BASE_STYLE = `
:root { color-scheme: light dark; --ink: #1b2430; --soft: #5d6b7a; --paper: #f5f6f8; --card: #fff; --line: #dfe4ea;
  --accent: #2358c5; --good: #18794e; --warn: #a15c00; --bad: #c62a2f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --soft: #98a5b3; --paper: #11151b; --card: #191f27;
  --line: #2b343f; --accent: #7aa7ff; --good: #4cc38a; --warn: #f1a10d; --bad: #ff6369; } }
* { box-sizing: border-box; }
body { margin: 0; font: 14px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
header { display: flex; gap: 16px; align-items: baseline; flex-wrap: wrap; padding: 20px 28px 0; }
h1 { font-size: 20px; margin: 0; letter-spacing: -0.01em; }
h2 { font-size: 12px; margin: 0 0 10px; text-transform: uppercase; letter-spacing: 0.06em; color: var(--soft); }
a { color: var(--accent); text-decoration: none; } a:hover { text-decoration: underline; }
nav { display: flex; gap: 14px; margin-left: auto; }
main { padding: 16px 28px 40px; display: grid; gap: 16px; max-width: 1400px; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 16px 18px; overflow-x: auto; }
code, pre, .mono { font: 12.5px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: 6px 14px 6px 0; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { color: var(--soft); font-weight: 500; font-size: 12px; } tr:last-child td { border-bottom: 0; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
.soft { color: var(--soft); }
.good { color: var(--good); } .warn { color: var(--warn); } .bad { color: var(--bad); }
`;
