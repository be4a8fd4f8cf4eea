// Verifies a badge with Digital Bazaar's libraries, and its token with jose. Reads {document, token, did, lists,
// contexts, now} as JSON from standard input and prints {"verified": true, "errors": [], "token": "..."}.
// Loads nothing over the network.
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import {cryptosuite} from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import * as vc from '@digitalbazaar/vc';
import {checkStatus} from '@digitalbazaar/vc-bitstring-status-list';
import {importJWK, jwtVerify, decodeProtectedHeader} from 'jose';
import {text} from 'node:stream/consumers';

const {document, token, did, lists = {}, contexts, now} = JSON.parse(await text(process.stdin));
const known = new Map([...Object.entries(contexts), ...Object.entries(lists), [did.id, did]]);
for(const method of did.verificationMethod) {
  known.set(method.id, {'@context': 'https://w3id.org/security/multikey/v1', ...method});
}

async function documentLoader(url) {
  if(!known.has(url)) {
    return vc.defaultDocumentLoader(url);
  }
  return {contextUrl: null, documentUrl: url, document: known.get(url)};
}

const suite = () => new DataIntegrityProof({cryptosuite});
const result = await vc.verifyCredential({
  credential: document,
  suite: suite(),
  documentLoader,
  now: new Date(now),
  checkStatus: options => checkStatus({
    ...options, suite: suite(), documentLoader, verifyBitstringStatusListCredential: true
  })
});
const errors = (result.error?.errors ?? [result.error]).filter(Boolean).map(error => error.message);
// The library says whether the list could be read and believed; what its bit means is for the caller to say.
const isStopped = (result.statusResult?.results ?? []).some(one => one.status);
console.log(JSON.stringify({verified: result.verified && !isStopped, errors, token: await tokenVerdict()}));

// The key is the one that `kid` names in the DID document, never the one in the token's own header.
async function tokenVerdict() {
  if(!token) {
    return '';
  }
  try {
    const {kid} = decodeProtectedHeader(token);
    const method = did.verificationMethod.find(one => one.id === kid && did.assertionMethod.includes(kid));
    const key = await importJWK(method.publicKeyJwk, 'EdDSA');
    const {payload} = await jwtVerify(token, key, {
      issuer: did.id, algorithms: ['EdDSA'], typ: 'vc+jwt', currentDate: new Date(now)
    });
    return payload.id === payload.jti ? 'verified' : 'id';
  } catch(error) {
    return error.code ?? error.message;
  }
}
