/** Avro's binary encoding, for the wire and for the landing log. It knows nothing of Spark. */
package io.pysparkflume.avro;
