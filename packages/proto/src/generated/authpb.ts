// Written by `npm run codegen` from packages/proto/proto: package authpb. Do not change it by hand.
export * from './authpb/auth.js'
