// entry/ `vaiven-client/delivery`: acknowledged delivery with resume, for browsers, where a client has it only if it asks. Node's has it without asking.
export { type DeliveryFactory, type DeliveryOptions, type DeliveryStorage, delivery } from "../client/delivery.js";
