export { createTokenVerifier, type TokenVerifierOptions } from './token-verifier';
