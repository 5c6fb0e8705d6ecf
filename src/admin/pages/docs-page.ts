/** The API's reference, drawn from `/openapi.json` in the browser without anything from elsewhere. */

import { BASE_STYLE, createPage } from './page.ts';

const STYLE = `${BASE_STYLE}
details { border-top: 1px solid var(--line); padding: 8px 0; } details:first-of-type { border-top: 0; }
summary { cursor: pointer; display: flex; gap: 12px; align-items: baseline; }
summary b { font: 600 12px ui-monospace, Menlo, Consolas, monospace; min-width: 44px; color: var(--accent); }
h3 { font-size: 13px; margin: 14px 0 4px; }
pre { margin: 4px 0; padding: 10px 12px; border: 1px solid var(--line); border-radius: 6px; overflow-x: auto; }
td { white-space: normal; }
`;

const BODY = `
<header><h1>Signalbox: control API</h1><span id="version" class="soft"></span>
<nav><a href="./">Status</a><a href="openapi.json">openapi.json</a></nav></header>
<main id="groups"><p id="notice" class="soft">Loading…</p></main>`;

/** Everything that is shown goes in as text nodes, so that no description can become markup. */
const SCRIPT = `
'use strict';
const METHODS = ['get', 'post', 'put', 'patch', 'delete'];
const byId = (id) => document.getElementById(id);

function element(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children.filter((child) => child !== undefined && child !== null));
  return made;
}

/** A schema as a short text: names of components stay names. */
function shape(schema, indent = '') {
  if (!schema) return 'anything';
  if (schema.$ref) return schema.$ref.split('/').pop();
  if (schema.anyOf) return schema.anyOf.map((one) => shape(one, indent)).join(' | ');
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.type === 'array') return shape(schema.items, indent) + '[]';
  if (schema.type === 'object' && schema.properties) return objectShape(schema, indent);
  if (schema.type === 'object') return '{ [name]: ' + shape(schema.additionalProperties, indent) + ' }';
  return Array.isArray(schema.type) ? schema.type.join(' | ') : schema.type || 'anything';
}

function objectShape(schema, indent) {
  const required = schema.required || [];
  const lines = Object.entries(schema.properties).map(([name, property]) => {
    const note = property.description ? '  // ' + property.description : '';
    return indent + '  ' + name + (required.includes(name) ? '' : '?') + ': ' + shape(property, indent + '  ') + note;
  });
  return '{\\n' + lines.join('\\n') + '\\n' + indent + '}';
}

function parameters(list) {
  if (!list || list.length === 0) return undefined;
  const rows = list.map((one) => element('tr', {},
    element('td', { className: 'mono' }, one.name + (one.required ? '' : '?')),
    element('td', { className: 'soft' }, one.in),
    element('td', { className: 'mono' }, shape(one.schema)),
    element('td', {}, one.description || one.schema.description || '')));
  return element('div', {}, element('h3', {}, 'Parameters'), element('table', {}, ...rows));
}

function body(requestBody) {
  if (!requestBody) return undefined;
  const [type, content] = Object.entries(requestBody.content)[0];
  return element('div', {}, element('h3', {}, 'Body, ' + type), element('pre', {}, shape(content.schema)));
}

function responses(all) {
  const rows = Object.entries(all).map(([status, response]) => {
    const content = Object.entries(response.content || {})[0];
    return element('tr', {},
      element('td', { className: 'mono' }, status),
      element('td', { className: 'mono' }, content ? shape(content[1].schema) : ''),
      element('td', {}, response.description));
  });
  return element('div', {}, element('h3', {}, 'Responses'), element('table', {}, ...rows));
}

function operation(path, method, described) {
  const head = element('summary', {},
    element('b', {}, method.toUpperCase()), element('code', {}, path), element('span', { className: 'soft' }, described.summary || ''));
  return element('details', { id: described.operationId || '' }, head,
    parameters(described.parameters), body(described.requestBody), responses(described.responses));
}

function groups(api) {
  const byTag = new Map();
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const method of METHODS.filter((name) => methods[name])) {
      const tag = (methods[method].tags || ['other'])[0];
      byTag.set(tag, [...(byTag.get(tag) || []), operation(path, method, methods[method])]);
    }
  }
  const sections = [...byTag].map(([tag, operations]) => element('section', {}, element('h2', {}, tag), ...operations));
  const schemas = Object.entries((api.components && api.components.schemas) || {}).map(([name, schema]) =>
    element('details', {}, element('summary', {}, element('code', {}, name)), element('pre', {}, shape(schema))));
  return [...sections, element('section', {}, element('h2', {}, 'schemas'), ...schemas)];
}

fetch('openapi.json').then((answer) => answer.json()).then((api) => {
  byId('version').textContent = api.info.version;
  byId('groups').replaceChildren(...groups(api));
}).catch((error) => { byId('notice').textContent = 'openapi.json could not be read: ' + error.message; });
`;

export const DOCS_PAGE = createPage({
  title: 'Signalbox: control API',
  style: STYLE,
  body: BODY,
  script: SCRIPT,
});
