// Written by `npm run codegen` from packages/proto/proto: package grpc.reflection.v1. Do not change it by hand.
export * from './grpc/reflection/v1/reflection.js'
