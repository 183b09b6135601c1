const WIDTH = 960;
const HEIGHT = 640;

/** An image with edges and gradients, so that effects are visible: hills under a sun. */
export async function sampleImage(): Promise<Blob> {
  const canvas = document.createElement('canvas');
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  const context = canvas.getContext('2d')!;

  const sky = context.createLinearGradient(0, 0, 0, HEIGHT);
  sky.addColorStop(0, '#2b6f8f');
  sky.addColorStop(0.7, '#f3c98b');
  context.fillStyle = sky;
  context.fillRect(0, 0, WIDTH, HEIGHT);
  context.fillStyle = '#fff2cf';
  context.beginPath();
  context.arc(WIDTH * 0.7, HEIGHT * 0.38, 60, 0, Math.PI * 2);
  context.fill();
  for (const [level, color] of ['#5b7f74', '#3d6459', '#22443d'].entries()) {
    const ground = HEIGHT * (0.55 + level * 0.13);
    context.fillStyle = color;
    context.beginPath();
    context.moveTo(0, HEIGHT);
    for (let x = 0; x <= WIDTH; x += 4)
      context.lineTo(x, ground + Math.sin(x / (90 - level * 18) + level * 2) * (46 - level * 8));
    context.lineTo(WIDTH, HEIGHT);
    context.fill();
  }
  return new Promise((resolve, reject) =>
    canvas.toBlob(
      (blob) => (blob ? resolve(blob) : reject(new Error('The canvas could not be read.'))),
      'image/jpeg',
      0.85,
    ),
  );
}
