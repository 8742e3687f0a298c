// @ts-check
/** A file as the bytes of google.protobuf.FileDescriptorProto, which is what servers tell tools by reflection. */

/** @typedef {import('./parser.mjs').File} File */
/** @typedef {import('./parser.mjs').Message} Message */
/** @typedef {import('./parser.mjs').Field} Field */
/** @typedef {import('./parser.mjs').Enum} Enum */
/** @typedef {import('./parser.mjs').Service} Service */

const TYPES = { int64: 3, uint64: 4, int32: 5, bool: 8, string: 9, message: 11, bytes: 12, uint32: 13, enum: 14 }
const LABELS = { single: 1, optional: 1, repeated: 3 }

/** @param {number} value A safe integer; negative ones take ten bytes. */
function varint(value) {
  const bytes = []
  let rest = BigInt.asUintN(64, BigInt(value))
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128)
  return Buffer.from([...bytes, Number(rest)])
}

/** @param {number} field @param {number} value */
const number = (field, value) => Buffer.concat([varint(field << 3), varint(value)])

/** @param {number} field @param {Buffer | string} content */
const bytes = (field, content) => {
  const body = Buffer.from(content)
  return Buffer.concat([varint((field << 3) | 2), varint(body.length), body])
}

/** @param {File} file */
export function fileDescriptor(file) {
  return Buffer.concat([
    bytes(1, file.path),
    bytes(2, file.package),
    ...file.imports.map(({ path }) => bytes(3, path)),
    ...file.messages.map((message) => bytes(4, messageDescriptor(message))),
    ...file.enums.map((type) => bytes(5, enumDescriptor(type))),
    ...file.services.map((service) => bytes(6, serviceDescriptor(service))),
    bytes(12, 'proto3'),
  ])
}

/** @param {Message} message @returns {Buffer} */
function messageDescriptor(message) {
  // An optional field is the only one of a oneof that nobody wrote; those come last.
  const optional = message.fields.filter(({ label }) => label === 'optional')
  const oneofs = [...message.oneofs, ...optional.map(({ name }) => `_${name}`)]
  return Buffer.concat([
    bytes(1, message.name),
    ...message.fields.map((field) => bytes(2, fieldDescriptor(field, oneofs))),
    ...message.messages.map((inner) => bytes(3, messageDescriptor(inner))),
    ...message.enums.map((type) => bytes(4, enumDescriptor(type))),
    ...oneofs.map((name) => bytes(8, bytes(1, name))),
    ...message.reservedNumbers.map(({ from, to }) => bytes(9, Buffer.concat([number(1, from), number(2, to + 1)]))),
    ...message.reservedNames.map((name) => bytes(10, name)),
  ])
}

/** @param {Field} field @param {readonly string[]} oneofs */
function fieldDescriptor(field, oneofs) {
  const oneof = field.label === 'optional' ? `_${field.name}` : field.oneof
  return Buffer.concat([
    bytes(1, field.name),
    number(3, field.number),
    number(4, LABELS[field.label]),
    number(5, TYPES[field.kind]),
    ...(field.target === null ? [] : [bytes(6, `.${field.target.fullName}`)]),
    ...(oneof === null ? [] : [number(9, oneofs.indexOf(oneof))]),
    bytes(10, field.jsonName),
    ...(field.label === 'optional' ? [number(17, 1)] : []),
  ])
}

/** @param {Enum} type */
const enumDescriptor = (type) =>
  Buffer.concat([
    bytes(1, type.name),
    ...type.values.map((value) => bytes(2, Buffer.concat([bytes(1, value.name), number(2, value.number)]))),
  ])

/** @param {Service} service */
const serviceDescriptor = (service) =>
  Buffer.concat([
    bytes(1, service.name),
    ...service.methods.map((method) =>
      bytes(
        2,
        Buffer.concat([
          bytes(1, method.name),
          bytes(2, `.${method.request.target?.fullName}`),
          bytes(3, `.${method.response.target?.fullName}`),
          ...(method.request.stream ? [number(5, 1)] : []),
          ...(method.response.stream ? [number(6, 1)] : []),
        ]),
      ),
    ),
  ])
