// Written by `npm run codegen` from packages/proto/proto: package v3electionpb. Do not change it by hand.
export * from './v3electionpb/election.js'
