#!/usr/bin/env bash
# The events' document against AsyncAPI's own JSON schema, and its example against its schemas, by a validator not ours.
set -euo pipefail
folder=dist/ci/asyncapi
mkdir -p "$folder"
[ -f "$folder/package.json" ] || echo '{ "private": true }' >"$folder/package.json"
[ -d "$folder/node_modules/ajv-formats" ] ||
  npm install --prefix "$folder" --ignore-scripts --no-audit --no-fund --silent \
    @asyncapi/specs@6.11.1 ajv@8.20.0 ajv-formats@3.0.1 >/dev/null 2>&1 ||
  { echo 'expected npm to install @asyncapi/specs and ajv, which it could not'; exit 77; }
npx --no-install tsx .ci/print-asyncapi.ts >"$folder/asyncapi.json"
node - "$PWD/$folder" <<'JS'
const [folder] = process.argv.slice(2);
const load = (name) => require(`${folder}/node_modules/${name}`);
const Ajv = load('ajv').default;
const ajv = load('ajv-formats').default(new Ajv({ strict: false, allErrors: true }));
const document = require(`${folder}/asyncapi.json`);
const check = (what, schema, data) => {
  if (ajv.validate(schema, data)) return console.log(`valid: ${what}`);
  console.error(what, ajv.errors.slice(0, 10));
  process.exitCode = 1;
};
check('the document', load('@asyncapi/specs/schemas/3.0.0-without-$id.json'), document);
const { schemas, messages } = document.components;
const [example] = messages.classifiedWebhook.examples;
check('the example', { components: { schemas }, $ref: '#/components/schemas/WebhookPayload' }, example.payload);
// What cannot fail proves nothing.
const broken = { ...example.payload, type: 'scan.other' };
if (ajv.validate({ components: { schemas }, $ref: '#/components/schemas/WebhookPayload' }, broken)) process.exitCode = 1;
JS
