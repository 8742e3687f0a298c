// Written by `npm run codegen` from packages/proto/proto: package balsa.v1. Do not change it by hand.
export * from './balsa/v1/balsa.js'
