#!/usr/bin/env node
// A file of its own, in the repository: npm links programs when it installs, and dist is built later.
import '../dist/bin/balsad.js'
