// Written by `npm run codegen` from packages/proto/proto: package mvccpb. Do not change it by hand.
export * from './mvccpb/kv.js'
