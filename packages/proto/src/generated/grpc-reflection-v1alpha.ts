// Written by `npm run codegen` from packages/proto/proto: package grpc.reflection.v1alpha. Do not change it by hand.
export * from './grpc/reflection/v1alpha/reflection.js'
