// Verifies a badge with Digital Bazaar's libraries. Reads {document, did, contexts, now} as JSON from standard input
// and prints {"verified": true} or {"verified": false, "errors": [...]}. Loads nothing over the network.
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import {cryptosuite} from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import * as vc from '@digitalbazaar/vc';
import {text} from 'node:stream/consumers';

const {document, did, contexts, now} = JSON.parse(await text(process.stdin));
const known = new Map(Object.entries(contexts));
known.set(did.id, did);
for(const method of did.verificationMethod) {
  known.set(method.id, {'@context': 'https://w3id.org/security/multikey/v1', ...method});
}

async function documentLoader(url) {
  if(!known.has(url)) {
    return vc.defaultDocumentLoader(url);
  }
  return {contextUrl: null, documentUrl: url, document: known.get(url)};
}

const result = await vc.verifyCredential({
  credential: document,
  suite: new DataIntegrityProof({cryptosuite}),
  documentLoader,
  now: new Date(now)
});
const errors = (result.error?.errors ?? [result.error]).filter(Boolean).map(error => error.message);
console.log(JSON.stringify({verified: result.verified, errors}));
