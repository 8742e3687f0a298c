// Written by `npm run codegen` from packages/proto/proto: package v3lockpb. Do not change it by hand.
export * from './v3lockpb/lock.js'
