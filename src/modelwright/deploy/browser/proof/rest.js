// A browser that has just been started is busy with itself: times are taken of one that has come to rest.

const RESTING_MILLISECONDS = 3000;
setTimeout(() => location.replace("prove.html"), RESTING_MILLISECONDS);
