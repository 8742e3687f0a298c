// Written by `npm run codegen` from packages/proto/proto: package grpc.health.v1. Do not change it by hand.
export * from './grpc/health/v1/health.js'
